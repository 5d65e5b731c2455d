/** Things by number, for those who can only hold a number: 0 is none. Must not know what they are. */

export class Numbered<T> {
  private readonly all = new Map<number, T>();
  private last = 0;

  add(thing: T): number {
    this.all.set(++this.last, thing);
    return this.last;
  }
  at(number: number): T {
    return this.all.get(number) as T;
  }
  take(number: number): T {
    const thing = this.at(number);
    this.all.delete(number);
    return thing;
  }
}
