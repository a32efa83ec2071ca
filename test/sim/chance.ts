import { seededRandom, type Random } from '../../shared/kit/random.ts'

/** FNV-1a over the text, mixed with the seed. */
function seedOf(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0
}

/** Each part of a world draws from a stream of its own: one that draws once more does not change what happens to the others. */
export const streamOf = (seed: number, name: string): Random => seededRandom(seedOf(seed, name))

export const between = (random: Random, least: number, most: number): number => least + random.next() * (most - least)
export const whole = (random: Random, least: number, most: number): number => Math.floor(between(random, least, most + 1))
export const happens = (random: Random, probability: number): boolean => probability > 0 && random.next() < probability
export const pick = <T>(random: Random, from: readonly T[]): T | undefined => from[Math.floor(random.next() * from.length)]
