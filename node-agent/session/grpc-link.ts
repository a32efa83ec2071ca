import { dialControlPlane, type Address, type TlsFiles } from '../../proto/rpc.ts'
import type { ControlPlaneLink } from './port.ts'

/** The link to the control plane over gRPC and mTLS. A broken connection is dialled again by the next call. */
export function createGrpcLink(address: Address, tls: TlsFiles): ControlPlaneLink & Disposable {
  const connection = dialControlPlane(address, tls)
  return {
    openSession: (signal) => Promise.resolve(connection.session(signal)),
    openStream: (signal) => Promise.resolve(connection.stream(signal)),
    requestToken: (request) => connection.requestToken(request),
    [Symbol.dispose]: () => connection.close(),
  }
}
