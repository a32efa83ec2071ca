/** What documents ask about kinds. PURE. */
import type { DiscoveredVersion } from '../discovery/groups.ts'

/** Whether all of its kinds come from definitions. */
export const isCustom = ({ kinds }: Pick<DiscoveredVersion, 'kinds'>): boolean => kinds.length > 0 && kinds.every(({ custom }) => custom !== undefined)
