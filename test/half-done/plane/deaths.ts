/** `deaths.ts SCENARIO PARTS PART`: every so manyth death of a scenario, by its number in the list; prints what differs as JSON. */
import { forbidReality } from '../../sim/reality.ts'
import { allDeaths } from './run.ts'
import { scenarios } from './scenarios.ts'

forbidReality()
const [which = -1, parts = 1, part = 0] = process.argv.slice(2).map(Number)
const scenario = scenarios[which]
if (!scenario) throw new Error(`there is no scenario ${which}`)
process.stdout.write(JSON.stringify(await allDeaths(scenario, parts, part)))
process.exit(0)
