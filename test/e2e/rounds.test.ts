import { roundTests } from './rounds.ts'

roundTests('e2e-rounds', { rounds: 8, seed: Number(process.env['GANTRY_ROUNDS_SEED'] ?? 7) })
