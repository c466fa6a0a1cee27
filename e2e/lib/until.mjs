// until polls a condition of the outside world. It exists for what sends no signal of its own; everything else is awaited.
export async function until(what, condition, ms = 30_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${typeof what === 'function' ? what() : what}`);
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}

// volume is how many of a large number of repetitions to do: NIGHTWIRE_VOLUME divides them.
export const volume = n => Math.max(1, Math.round(n / Number(process.env.NIGHTWIRE_VOLUME || 1)));
