import { readFile } from 'node:fs/promises'
import { Fault } from '../shared/kit/faults.ts'
import type { EtcdTls } from './storage/storage.ts'

/** Who we are to an etcd that speaks TLS: etcd-ca.crt, etcd.crt and etcd.key of the pki folder. `undefined` where the endpoints do not. */
export async function readEtcdTls({ etcd, pki }: { readonly etcd: readonly string[]; readonly pki: string }): Promise<EtcdTls | undefined> {
  if (!etcd.some((endpoint) => endpoint.startsWith('https:'))) return undefined
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(`${pki}/${name}`, 'utf8')
    } catch (cause) {
      throw new Fault('invalid', `${pki}/${name} cannot be read: the control plane needs it for etcd at ${etcd[0]}`, { cause })
    }
  }
  const [ca = '', cert = '', key = ''] = await Promise.all(['etcd-ca.crt', 'etcd.crt', 'etcd.key'].map(read))
  return { ca, cert, key }
}
