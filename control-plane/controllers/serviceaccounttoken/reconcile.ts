/** Fills Secrets of the type `kubernetes.io/service-account-token`, and removes those whose account is gone. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { encodeBase64 } from '../../../shared/model/base64.ts'
import type { Secret, ServiceAccount } from '../../../shared/model/gen/api.ts'
import { objectKey } from '../../../shared/model/meta.ts'
import { secrets, serviceAccounts } from '../../../shared/model/resources.ts'
import { ignoreMissing } from '../answers.ts'
import { done, type Controller, type ControllerParts } from '../controller.ts'
import { accountNameOf, planTokenSecret } from './plan.ts'
import type { SecretTokenSigner } from './port.ts'

const BY_ACCOUNT = 'tokens of a service account'

function byAccount(secret: Secret): readonly string[] {
  const name = accountNameOf(secret)
  return name === undefined ? [] : [objectKey(secret.metadata.namespace ?? '', name)]
}

export function createServiceAccountTokenController({ client, informers }: ControllerParts, { caPem, signer }: { readonly caPem: string; readonly signer: SecretTokenSigner }): Controller {
  const all = informers.for(secrets)
  const accounts = informers.for(serviceAccounts)
  all.addIndex(BY_ACCOUNT, byAccount)

  /** Before anything is removed the API is asked: the account may be newer than what has been heard of. */
  async function accountOf(at: { readonly namespace: string; readonly name: string }): Promise<ServiceAccount | undefined> {
    return (await client.get(serviceAccounts, at).catch((error: unknown) => {
      if (!isApiError(error, 'NotFound')) throw error
      return undefined
    }))
  }

  async function fill(secret: Secret, account: ServiceAccount, needsToken: boolean): Promise<void> {
    const { namespace = '', name: secretName = '' } = secret.metadata
    const { name = '', uid = '' } = account.metadata
    const token = needsToken ? { token: encodeBase64(await signer.signForSecret({ namespace, serviceAccount: { name, uid }, secretName })) } : {}
    await client.update(secrets, { ...secret, data: { ...secret.data, ...token } }, { fieldManager: 'kube-controller-manager' }).catch(ignoreMissing)
  }

  return {
    name: 'serviceaccounttoken',
    workers: 2,
    start(enqueue) {
      const stops = [
        all.subscribe(({ key, after }) => after && accountNameOf(after) !== undefined && enqueue(key)),
        accounts.subscribe(({ key }) => {
          for (const { metadata } of all.byIndex(BY_ACCOUNT, key)) enqueue(objectKey(metadata.namespace ?? '', metadata.name ?? ''))
        }),
      ]
      return () => stops.forEach((stop) => stop())
    },
    async reconcile(key) {
      const secret = all.get(key)
      const name = secret && accountNameOf(secret)
      if (!secret || name === undefined) return done
      const { namespace = '' } = secret.metadata
      const known = accounts.get(objectKey(namespace, name))
      const step = planTokenSecret(secret, known, caPem)
      if (step.kind === 'fill' && known) await fill(step.secret, known, step.needsToken)
      if (step.kind !== 'delete') return done
      const account = await accountOf({ namespace, name })
      const proven = planTokenSecret(secret, account, caPem)
      if (proven.kind === 'fill' && account) await fill(proven.secret, account, proven.needsToken)
      if (proven.kind === 'delete') await client.delete(secrets, { namespace, name: secret.metadata.name ?? '' }, { preconditions: { uid: secret.metadata.uid } }).catch(ignoreMissing)
      return done
    },
  }
}
