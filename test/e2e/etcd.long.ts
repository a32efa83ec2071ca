import { etcdTroubleTests, slowMemberTests } from './etcd-trouble.ts'

etcdTroubleTests('e2e-etcd-long', { awaySeconds: 30, slowSeconds: 30 })
slowMemberTests('e2e-etcd-slow')
