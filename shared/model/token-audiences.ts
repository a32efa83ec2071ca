import type { Pod } from './gen/api.ts'

/** Whether a pod's volumes ask for tokens for the audience; empty: the API server's own. Of what nodes may ask for in a pod's name. */
export const asksForAudience = ({ spec }: Pod, audience: string): boolean =>
  (spec?.volumes ?? []).some(({ projected }) => (projected?.sources ?? []).some(({ serviceAccountToken }) => serviceAccountToken !== undefined && (serviceAccountToken.audience ?? '') === audience))
