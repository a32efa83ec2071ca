import { createServer } from 'node:net'

const FIRST = 20_000
/** Places, by the process; each has so many ports. */
const PLACES = 1_000
const EACH = 10

/** So many ports in a row that nobody has, below those that the kernel gives to callers and to who asks for any: nobody is given them before they are used. Ten at most. */
export async function portsInARow(count: number): Promise<readonly number[]> {
  for (let tries = 0; tries < 20; tries++) {
    const first = FIRST + EACH * ((process.pid + 37 * tries) % PLACES)
    const ports = Array.from({ length: count }, (_, at) => first + at)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports
  }
  throw new Error('no ports are free')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
