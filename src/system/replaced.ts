/** The list with another element at `at`. */
export function replaced<T>(list: readonly T[], at: number, element: T): T[] {
  return list.map((old, n) => (n === at ? element : old));
}
