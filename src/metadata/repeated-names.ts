/** Separates what is named once from the names that occur more often, which Kafka refuses without choosing one. */
export function splitByName<Named extends { readonly name: string }>(
  items: readonly Named[],
): { single: Named[]; repeated: Set<string> } {
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const { name } of items) {
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
  }
  return { single: items.filter((item) => !repeated.has(item.name)), repeated }
}
