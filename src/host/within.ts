/** Is it done before `graceMs` are over? */
export async function isDoneWithin(done: Promise<unknown>, graceMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), graceMs);
  });
  const isDone = await Promise.race([done.then(() => true), isOver]);
  clearTimeout(timer);
  return isDone;
}
