import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { isEmptyKubeconfig, mergeKubeconfig, removeFromKubeconfig, renderKubeconfig } from './kubeconfig.ts'

const entry = { name: 'lab', server: 'https://127.0.0.1:6443', authorityPem: 'CA', clientCertificatePem: 'CERT', clientKeyPem: 'KEY' }

const FOREIGN = `# mine
apiVersion: v1
kind: Config
clusters:
  # the big one
  - name: prod
    cluster: {server: "https://prod:6443"} # careful
contexts:
  - name: prod
    context: {cluster: prod, user: me, namespace: web}
users:
  - name: me
    user: {token: 'abc'}
current-context: prod
`

describe('kubeconfig', () => {
  test('a new file holds the entry, which is current', () => {
    const config = parse(renderKubeconfig(entry)) as Record<string, unknown>
    expect(config).toMatchObject({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'gantry-lab',
      clusters: [{ name: 'gantry-lab', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': Buffer.from('CA').toString('base64') } }],
      contexts: [{ name: 'gantry-lab', context: { cluster: 'gantry-lab', user: 'gantry-lab' } }],
    })
  })

  test('entries and comments of others stay, and all is as before after the removal', () => {
    const merged = mergeKubeconfig(FOREIGN, entry)
    for (const kept of ['# mine', '# the big one', '# careful', 'namespace: web', "token: 'abc'"]) expect(merged).toContain(kept)
    expect((parse(merged) as Record<string, unknown>)['current-context']).toBe('gantry-lab')
    const removed = removeFromKubeconfig(merged, 'lab')
    expect(removed).not.toContain('gantry')
    expect(parse(removed)).toEqual(parse(FOREIGN))
    for (const kept of ['# mine', '# the big one', '# careful']) expect(removed).toContain(kept)
  })

  test('merging twice changes nothing more, and the context of before is still known', () => {
    const once = mergeKubeconfig(FOREIGN, entry)
    expect(mergeKubeconfig(once, entry)).toBe(once)
    const moved = mergeKubeconfig(once, { ...entry, server: 'https://127.0.0.1:7443' })
    expect((parse(moved) as { clusters: unknown[] }).clusters).toHaveLength(2)
    expect((parse(removeFromKubeconfig(moved, 'lab')) as Record<string, unknown>)['current-context']).toBe('prod')
  })

  test('a context chosen since stays current', () => {
    const chosen = mergeKubeconfig(FOREIGN, entry).replace('current-context: gantry-lab', 'current-context: prod')
    expect((parse(removeFromKubeconfig(chosen, 'lab')) as Record<string, unknown>)['current-context']).toBe('prod')
  })

  test('removing what is not there gives the same text', () => {
    expect(removeFromKubeconfig(FOREIGN, 'lab')).toBe(FOREIGN)
  })

  test('a file of ours is empty afterwards', () => {
    const removed = removeFromKubeconfig(renderKubeconfig(entry), 'lab')
    expect(isEmptyKubeconfig(removed)).toBe(true)
    expect(isEmptyKubeconfig(FOREIGN)).toBe(false)
  })

  test('what is no kubeconfig is left alone', () => {
    expect(() => mergeKubeconfig('- a\n- b\n', entry)).toThrow('does not hold a mapping')
    expect(() => mergeKubeconfig('a: [', entry)).toThrow('not valid YAML')
  })
})
