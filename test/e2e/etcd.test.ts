import { etcdTroubleTests } from './etcd-trouble.ts'

etcdTroubleTests('e2e-etcd', { awaySeconds: 6, slowSeconds: 5 })
