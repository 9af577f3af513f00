import { describe, expect, it } from 'vitest'
import { topicNameProblem } from '../../src/metadata/index.ts'
import { randomTopicId, randomUuid } from '../../src/metadata/topic-id.ts'
import { isInternalTopic } from '../../src/metadata/topic-name.ts'

describe('topic names', () => {
  it.each(['a', 'A.b_c-9', 'a'.repeat(249), '...', '__consumer_offsets'])('%s is legal', (name) => {
    expect(topicNameProblem(name)).toBeUndefined()
  })

  // The words are those of Apache Kafka 4.3.1.
  it.each([
    ['', 'Topic name is invalid: the empty string is not allowed'],
    ['.', "Topic name is invalid: '.' is not allowed"],
    ['..', "Topic name is invalid: '..' is not allowed"],
    [
      'a'.repeat(250),
      `Topic name is invalid: the length of '${'a'.repeat(250)}' is longer than the max allowed length 249`,
    ],
    [
      'x/y',
      "Topic name is invalid: 'x/y' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      'é',
      "Topic name is invalid: 'é' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      'a\n',
      "Topic name is invalid: 'a\n' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
  ])('%j is refused', (name, problem) => {
    expect(topicNameProblem(name)).toBe(problem)
  })

  it('of the broker itself are internal', () => {
    expect(isInternalTopic('__consumer_offsets')).toBe(true)
    expect(isInternalTopic('__transaction_state')).toBe(true)
    expect(isInternalTopic('__mine')).toBe(false)
  })
})

describe('topic ids', () => {
  it('are version 4 UUIDs', () => {
    const bytes = Buffer.from(
      randomUuid(() => Buffer.alloc(16, 0xff)),
      'base64url',
    )
    expect(bytes.toString('hex')).toBe('ffffffffffff4fffbfffffffffffffff')
  })

  it('start with no dash and are taken by no other topic', () => {
    // 0xf8 is the first byte of everything that starts with '-' or '+'.
    const draws = [0xf8, 0x01, 0x02]
    const taken = randomUuid(() => Buffer.alloc(16, 0x01))
    const id = randomTopicId(
      () => Buffer.alloc(16, draws.shift()),
      (candidate) => candidate === taken,
    )
    expect(id).toBe(randomUuid(() => Buffer.alloc(16, 0x02)))
    expect(draws).toEqual([])
  })
})
