import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PersistentMap } from '../../src/metadata/persistent-map.ts'

const key = fc.integer({ min: 0, max: 60 }).map((number) => `topic-${number}`)
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, value: fc.integer() }),
  fc.record({ kind: fc.constant('delete' as const), key, value: fc.constant(0) }),
)

it('behaves as a Map over any sequence of edits, and leaves every earlier version as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 20 }), { maxLength: 10 }), (edits) => {
      let current = PersistentMap.empty<number>()
      const model = new Map<string, number>()
      const versions: [PersistentMap<number>, Map<string, number>][] = []
      for (const edit of edits) {
        versions.push([current, new Map(model)])
        const draft = current.edit()
        for (const { kind, key, value } of edit) {
          if (kind === 'set') draft.set(key, value)
          else draft.delete(key)
          if (kind === 'set') model.set(key, value)
          else model.delete(key)
          expect(draft.get(key)).toBe(model.get(key))
        }
        current = draft.finish()
      }
      versions.push([current, model])
      for (const [version, expected] of versions) {
        expect(version.size).toBe(expected.size)
        expect(new Map(version.entries())).toEqual(expected)
        expect([...version.values()].sort()).toEqual([...expected.values()].sort())
        for (let number = 0; number <= 60; number++) {
          expect(version.get(`topic-${number}`)).toBe(expected.get(`topic-${number}`))
          expect(version.has(`topic-${number}`)).toBe(expected.has(`topic-${number}`))
        }
      }
    }),
  )
})
