import { roundTests } from './rounds.ts'

roundTests('e2e-rounds', { rounds: Number(process.env['GANTRY_ROUNDS'] ?? 200), seed: Number(process.env['GANTRY_ROUNDS_SEED'] ?? 4) })
