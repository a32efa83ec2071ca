import { outageTests } from './outages.ts'

outageTests('e2e-outages-long', { awaySeconds: 30, busySeconds: 60 })
