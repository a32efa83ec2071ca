import { expect, test } from 'vitest'
import { authorizerTypes, authorizerValue, type RightsQuery } from './authorizer.ts'
import { compile } from './cel.ts'
import { plain } from './types.ts'

test.each<[string, RightsQuery | string]>([
  ['authorizer.group("").resource("pods").fieldSelector("spec.nodeName=n").labelSelector("a=b").check("list").allowed()', { group: '', resource: 'pods', fieldSelector: 'spec.nodeName=n', labelSelector: 'a=b' }],
  ['authorizer.serviceAccount("x", "y.z").path("/healthz").check("get").allowed()', { serviceAccount: { namespace: 'x', name: 'y.z' }, path: '/healthz' }],
  ['authorizer.path(" ").check("get").allowed()', 'path must not be empty'],
  ['authorizer.group("").resource("").check("get").allowed()', 'resource must not be empty'],
  ['authorizer.serviceAccount("x", "Y").path("/a").check("get").allowed()', 'Invalid service account name'],
  ['authorizer.serviceAccount("x.y", "y").path("/a").check("get").allowed()', 'Invalid service account namespace'],
  // A third question costs too much.
  ['[1, 2, 3].all(i, authorizer.path("/a").check("get").allowed())', 'operation cancelled: actual cost limit exceeded'],
])('%s', (expression, asked) => {
  const queries: RightsQuery[] = []
  const rights = authorizerValue({
    check(query) {
      queries.push(query)
      return { allowed: true, reason: '' }
    },
  })
  const compiled = compile(expression, new Map([['authorizer', plain(authorizerTypes.authorizer)]]))
  const run = (): unknown => (compiled.kind === 'compiled' ? compiled.program.run(new Map([['authorizer', rights]])) : compiled.message)
  if (typeof asked === 'string') expect(run).toThrow(asked)
  else expect([run(), queries]).toEqual([true, [asked]])
})
