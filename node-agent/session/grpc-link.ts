import { dialControlPlane, type Address, type TlsFiles } from '../../proto/rpc.ts'
import type { ControlPlaneLink } from './port.ts'

/** The link to the control plane over gRPC and mTLS. A broken connection is dialled again by the next call. */
export interface GrpcLink extends ControlPlaneLink, Disposable {
  /** Calls from now on show this certificate; streams that are open go on as they are. */
  identify(tls: TlsFiles): void
}

export function createGrpcLink(address: Address, tls: TlsFiles): GrpcLink {
  let connection = dialControlPlane(address, tls)
  return {
    openSession: (signal) => Promise.resolve(connection.session(signal)),
    openStream: (signal) => Promise.resolve(connection.stream(signal)),
    requestToken: (request) => connection.requestToken(request),
    identify(renewed) {
      connection.close()
      connection = dialControlPlane(address, renewed)
    },
    [Symbol.dispose]: () => connection.close(),
  }
}
