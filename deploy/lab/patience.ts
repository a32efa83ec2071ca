/**
 * How many times slower this machine is than most (`GANTRY_SLOWNESS`, 1 unless given): waits of labs and of their tests are as many times longer. Set where
 * everything is emulated.
 */
export const slowness = Math.max(1, Number(process.env['GANTRY_SLOWNESS']) || 1)
