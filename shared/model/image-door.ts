/** Where a node gives images to the others, and which store it gives from: told in its Node object, passed on to all nodes. Pure. */
export const IMAGE_DOOR_ANNOTATION = 'gantry.dev/images'

export interface ImageDoor {
  readonly port: number
  /** Names the store: nodes of one host may share it. */
  readonly store: string
}

export const formatImageDoor = ({ port, store }: ImageDoor): string => `${port} ${store}`

export function parseImageDoor(text: string | undefined): ImageDoor | undefined {
  const [, port = '', store = ''] = /^(\d{1,5}) ([a-z0-9]{1,64})$/.exec(text ?? '') ?? []
  return port === '' ? undefined : { port: Number(port), store }
}
