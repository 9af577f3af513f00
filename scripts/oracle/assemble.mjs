#!/usr/bin/env node
/**
 * Assembles Apache Kafka from Maven Central into `.oracle/libs` (about ninety jars), the oracle of this project: its
 * jars carry the schemas and the generated classes that ours are checked against, and the broker and the tools that
 * ours are compared with. Nothing is downloaded again once the pinned versions are there.
 *
 *   node scripts/oracle/assemble.mjs
 *
 * Exit code 0: the jars are there. 1: Maven failed. 3: skipped, because java or mvn is missing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const EXIT_FAILED = 1
const EXIT_SKIPPED = 3
const directory = resolve(dirname(fileURLToPath(import.meta.url)), '../../.oracle')
const libraries = join(directory, 'libs')
const stamp = join(libraries, 'versions.json')

const VERSIONS = {
  'org.apache.kafka:kafka_2.13': '4.3.1',
  'org.apache.kafka:kafka-tools': '4.3.1',
  'org.apache.logging.log4j:log4j-slf4j-impl': '2.24.3',
  'org.apache.logging.log4j:log4j-core': '2.24.3',
}

function pom() {
  const dependencies = Object.entries(VERSIONS).map(([name, version]) => {
    const [group, artifact] = name.split(':')
    return `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>oracle</groupId><artifactId>oracle</artifactId><version>1</version>
  <dependencies>
${dependencies.join('\n')}
  </dependencies>
</project>
`
}

function skipUnlessPresent(command, argument) {
  if (spawnSync(command, [argument], { stdio: 'ignore' }).status === 0) return
  console.error(
    `SKIPPED: ${command} is not installed, so Apache Kafka cannot be assembled (Debian: apt-get install maven)`,
  )
  process.exit(EXIT_SKIPPED)
}

function isComplete() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === JSON.stringify(VERSIONS)
}

function assemble() {
  rmSync(libraries, { recursive: true, force: true })
  mkdirSync(libraries, { recursive: true })
  writeFileSync(join(directory, 'pom.xml'), pom())
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
  const result = spawnSync('mvn', ['-q', '-B', goal, `-DoutputDirectory=${libraries}`, '-DincludeScope=runtime'], {
    cwd: directory,
    stdio: 'inherit',
  })
  if (result.status !== 0) {
    console.error(`Maven ended with code ${result.status}: the jars in ${libraries} are incomplete; run this again`)
    process.exit(EXIT_FAILED)
  }
  writeFileSync(stamp, JSON.stringify(VERSIONS))
}

skipUnlessPresent('java', '-version')
if (!isComplete()) {
  skipUnlessPresent('mvn', '-version')
  assemble()
}
console.log(`Apache Kafka ${VERSIONS['org.apache.kafka:kafka_2.13']} is in ${libraries}`)
