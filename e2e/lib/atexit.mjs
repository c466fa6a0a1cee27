// atExit runs what is to be cleaned up when this process ends, however it ends.
const cleanups = [];
process.on('exit', () => { for (const clean of cleanups) clean(); });

export const atExit = clean => cleanups.push(clean);
