/** The settings a kernel is built with, and the forms in which its build reads them. PURE. */
export type Settings = Readonly<Record<string, string>>

/** From a `.config`: `y`, `m`, numbers, and texts in their quotes. */
export const settingsOf = (text: string): Settings => Object.fromEntries([...text.matchAll(/^CONFIG_(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))

/** For make, which would keep quotes as part of the text. */
export const makeConfOf = (settings: Settings): string => lines(settings, (name, value) => `CONFIG_${name}=${/^"(.*)"$/.exec(value)?.[1] ?? value}`)

/** For the compiler. */
export const autoconfOf = (settings: Settings): string => lines(settings, (name, value) => (value === 'm' ? `#define CONFIG_${name}_MODULE 1` : `#define CONFIG_${name} ${value === 'y' ? '1' : value}`))

/** It would be looked up from the state of a working copy. */
const lines = (settings: Settings, line: (name: string, value: string) => string): string =>
  Object.entries(settings).filter(([name]) => name !== 'LOCALVERSION_AUTO').map(([name, value]) => `${line(name, value)}\n`).join('')
