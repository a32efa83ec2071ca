import type { PodRecord } from './record.ts'

/**
 * Ids of the images that pods are to begin a container with again: between two attempts, or while init containers run, none of their containers stands on it. Pure.
 */
export const notedImages = (pods: ReadonlyArray<{ readonly record: PodRecord }>): ReadonlySet<string> =>
  new Set(pods.filter(({ record }) => record.stop === undefined && record.rejected === undefined).flatMap(({ record }) => [...Object.values(record.containers).flatMap(({ image }) => image?.configId ?? []), ...Object.values(record.imageVolumes ?? {})]))
