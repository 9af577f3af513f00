/** Debian's two Python clients, each through a small script that exchanges JSON lines. */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root, run } from '../processes.mjs'
import { binaryRecords, byTopic, librdkafkaSendsPlain, toLines } from '../records.mjs'

/** Debian's own interpreter: another one first in PATH does not see Debian's packages. */
const PYTHON = '/usr/bin/python3'

function pythonClient({ name, script, module, debianPackage, sendsPlain = {} }) {
  const program = path.join(root, 'scripts', 'compat', 'python', script)
  const ask = (args) => spawnSync(PYTHON, args, { encoding: 'utf8' })
  return {
    name,
    get codecs() {
      return ask([program, 'codecs']).stdout.trim().split(' ')
    },
    sendsPlain,
    records: binaryRecords,
    unavailable: () => (ask(['-c', `import ${module}`]).status === 0 ? undefined : `${debianPackage} is not installed`),
    async produce({ broker, topic, codec, records }) {
      await run(PYTHON, [program, 'produce', broker, topic, codec], { input: toLines(records) })
    },
    async consume({ broker, topics }) {
      const wanted = topics.map(({ topic, count }) => `${topic}:${count}`)
      return byTopic((await run(PYTHON, [program, 'consume', broker, ...wanted])).stdout)
    },
    extras: {},
  }
}

export const kafkaPython = pythonClient({
  name: 'kafka-python',
  script: 'kafka_python.py',
  module: 'kafka',
  debianPackage: 'python3-kafka',
})

export const confluentPython = pythonClient({
  name: 'confluent-kafka',
  script: 'confluent.py',
  module: 'confluent_kafka',
  debianPackage: 'python3-confluent-kafka',
  sendsPlain: librdkafkaSendsPlain,
})
