/** Signs approved requests for certificates of clients of the API (`kubernetes.io/kube-apiserver-client`). Approving is somebody else's. */
import { isFault, messageOf } from '../../../shared/kit/faults.ts'
import type { CertificateSigningRequest } from '../../../shared/model/gen/api.ts'
import { certificateSigningRequests } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { planCertificate } from './plan.ts'
import type { ClientCertificateSigner } from './port.ts'

export function createCertificatesController({ client, informers }: ControllerParts, signer: ClientCertificateSigner): Controller {
  const requests = informers.for(certificateSigningRequests)
  const writeStatus = async (request: CertificateSigningRequest, status: CertificateSigningRequest['status']): Promise<void> => {
    await client.update(certificateSigningRequests, { ...request, status }, { subresource: 'status', fieldManager: 'kube-controller-manager' }).catch(ignoreMissing)
  }
  const fail = (request: CertificateSigningRequest, reason: string, message: string): Promise<void> =>
    writeStatus(request, { ...request.status, conditions: [...(request.status?.conditions ?? []), { type: 'Failed', status: 'True', reason, message }] })
  return {
    name: 'certificates',
    workers: 1,
    start: (enqueue) => requests.subscribe(({ key, after }) => after && enqueue(key)),
    async reconcile(key) {
      const request = requests.get(key)
      const step = request ? planCertificate(request) : ({ kind: 'none' } as const)
      if (!request || step.kind === 'none') return done
      if (step.kind === 'fail') await fail(request, step.reason, step.message)
      else {
        try {
          const requestPem = Buffer.from(request.spec.request, 'base64').toString('latin1')
          const certificate = await signer.sign({ requestPem, lifetimeSeconds: step.lifetimeSeconds })
          await writeStatus(request, { ...request.status, certificate: Buffer.from(certificate).toString('base64') })
        } catch (error) {
          if (!isFault(error, 'invalid')) throw error
          await fail(request, 'SigningError', messageOf(error))
        }
      }
      return done
    },
  }
}
