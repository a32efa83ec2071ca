/**
 * What tests get when they import fast-check. The cases are the same on each run, so that a change is judged by what it changes and not by luck;
 * `GANTRY_PROPERTIES_SEED=7` tries others, and `npm run test:long` others each time.
 */
import fc from '../node_modules/fast-check/lib/fast-check.js'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['GANTRY_PROPERTIES_SEED'] ?? '1') })

export default fc
