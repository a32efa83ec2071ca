import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP way to a server that a test can cut and mend. */
export interface Link extends AsyncDisposable {
  readonly endpoint: string
  /** Breaks all connections and takes no new ones. */
  cut(): void
  mend(): void
  /** Connections stand and new ones are taken, but nothing goes through: the other side has vanished without a word. */
  freeze(): void
}

export async function linkTo(endpoint: string): Promise<Link> {
  const target = Number(new URL(endpoint).port)
  const sockets = new Set<Socket>()
  let isCut = false
  let isFrozen = false
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  }
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    if (isFrozen) return void keep(near).pause()
    const far = connect(target, '127.0.0.1')
    keep(near).pipe(keep(far)).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    mend() {
      isCut = false
    },
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
