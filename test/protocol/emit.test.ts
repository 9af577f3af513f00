import { describe, expect, test } from 'vitest'
import { emit } from '../../src/protocol/emit.ts'
import {
  describeTopicPartitionsResponse,
  fetchRequest,
  type Message,
  produceRequest,
} from '../../src/protocol/index.ts'

// The emitted source is what runs: a change of the emitters shows here, in review.
describe('emitted source', () => {
  test.each<[string, Message<unknown>]>([
    ['versions, names or ids, records', produceRequest],
    ['tags of all kinds, removed fields', fetchRequest],
    ['nullable structs', describeTopicPartitionsResponse],
  ])('%s', async (_, message) => {
    await expect(emit(message)).toMatchFileSnapshot(`emitted/${message.name}.txt`)
  })

  test('is the same each time', () => {
    expect(emit(fetchRequest)).toBe(emit(fetchRequest))
  })
})
