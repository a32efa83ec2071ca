/** The Kubernetes release whose API is served; clients compare themselves with it. */
export const KUBERNETES_VERSION = { major: '1', minor: '36', patch: '2' } as const

/** What `/version` answers. @param gantryVersion stands as build metadata behind the Kubernetes version. */
export function versionDocument(gantryVersion: string): Readonly<Record<string, string>> {
  const { major, minor, patch } = KUBERNETES_VERSION
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: `v${major}.${minor}.${patch}+gantry-${gantryVersion}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: `linux/${PLATFORM[process.arch] ?? process.arch}`,
  }
}

const PLATFORM: Readonly<Record<string, string>> = { x64: 'amd64' }
