import { Fault } from '../../shared/kit/faults.ts'
import type { RunNetwork } from '../../shared/model/dockerfile/instruction.ts'

/**
 * What network a RUN has. A Dockerfile, or the ONBUILD of a base image, is often somebody else's: it may do with less than the caller gave, and never takes the node's network by itself. Pure.
 * @param wanted by the instruction. Throws Fault('invalid')
 */
export function networkOf(wanted: RunNetwork | undefined, given: RunNetwork): RunNetwork {
  if (wanted === 'host' && given !== 'host') throw new Fault('invalid', 'RUN --network=host asks for the network of the node itself, which is the caller’s to give: build with --network=host where the Dockerfile and its base images are trusted, or take it out')
  return given === 'none' ? 'none' : (wanted ?? given)
}
