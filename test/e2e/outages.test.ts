import { outageTests } from './outages.ts'

outageTests('e2e-outages', { awaySeconds: 6, busySeconds: 15 })
