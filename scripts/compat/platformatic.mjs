// @platformatic/kafka as a compatibility client: produce PORT TOPIC CODEC, records as JSON lines on standard input.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Producer } from '@platformatic/kafka'

const [mode, port, topic, codec] = process.argv.slice(2)
if (mode === 'version') {
  const require = createRequire(import.meta.url)
  console.log(
    JSON.parse(readFileSync(require.resolve('@platformatic/kafka').replace(/dist.*$/, 'package.json'), 'utf8')).version,
  )
} else {
  const bytes = (text) => (text === null ? undefined : Buffer.from(text))
  const producer = new Producer({ clientId: 'compat', bootstrapBrokers: [`127.0.0.1:${port}`], autocreateTopics: true })
  const messages = readFileSync(0, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map(({ key, value, headers }) => ({
      topic,
      partition: 0,
      key: bytes(key),
      value: bytes(value),
      headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    }))
  await producer.send({ messages, acks: -1, compression: codec })
  await producer.close()
}
