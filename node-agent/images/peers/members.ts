import type { Node } from '../../../shared/model/gen/api.ts'
import { IMAGE_DOOR_ANNOTATION, parseImageDoor } from '../../../shared/model/image-door.ts'
import type { PeerNode } from './port.ts'

/** The nodes that give images, of all that the control plane has told of. Pure. */
export function imagePeersOf(told: { readonly nodes: ReadonlyMap<string, Node> } | undefined): readonly PeerNode[] {
  return [...(told?.nodes.values() ?? [])].flatMap(({ metadata, status }) => {
    const door = parseImageDoor(metadata.annotations?.[IMAGE_DOOR_ANNOTATION])
    const host = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
    return door === undefined || host === undefined || metadata.name === undefined ? [] : [{ name: metadata.name, host, ...door }]
  })
}
