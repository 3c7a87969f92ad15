// Runs pipeline scripts the way Jenkins would, as far as our shared library can tell: steps are recorded, `sh` really runs.
// Usage: groovy Harness.groovy VARS-FOLDER < scenarios.json > results.json

import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer

class PipelineError extends RuntimeException {
    PipelineError(String message) { super(message) }
}

/** What every pipeline script and every step of the library extends: unknown methods are steps. */
abstract class PipelineScript extends Script {
    def methodMissing(String name, arguments) {
        binding.build.step(name, arguments as List)
    }
}

/** Collects the assignments of a Declarative `environment` block. */
class Assignments {
    Map<String, String> made = [:]

    void setProperty(String name, value) { made[name] = value as String }

    def getProperty(String name) {
        if (name == 'made') { return this.@made }
        throw new MissingPropertyException(name, Assignments)
    }
}

class Build {
    Map scenario
    File workspace
    Map<String, String> env
    String directory
    Map library = [:]
    List steps = []
    String result = 'SUCCESS'

    def step(String name, List arguments) {
        Closure body = arguments && arguments[-1] instanceof Closure ? arguments[-1] : null
        List rest = body == null ? arguments : arguments[0..<-1]
        if (library[name]) { return library[name].call(*rest) }
        steps << [name: name, arguments: rest, directory: directory]
        def implementation = "do_${name}"
        if (this.metaClass.respondsTo(this, implementation)) {
            return this."${implementation}"(rest ? rest[0] : null, body)
        }
        return body == null ? null : body.call()
    }

    File file(String path) {
        File given = new File(path)
        given.absolute ? given : new File(directory, path)
    }

    def do_dir(path, Closure body) {
        String before = directory
        directory = file(path).canonicalPath
        try { return body.call() } finally { directory = before }
    }

    def do_pwd(arguments, Closure body) { arguments?.tmp ? "${directory}@tmp".toString() : directory }

    def do_withEnv(variables, Closure body) {
        within(variables.collectEntries { String line -> line.split('=', 2) as List }, body)
    }

    def do_environment(nothing, Closure body) {
        body.delegate = new Assignments()
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body.call()
        env.putAll(body.delegate.made)
    }

    def do_withCredentials(bindings, Closure body) {
        // `string` and `usernamePassword` only describe a secret; this is where it is looked up.
        Map secrets = [:]
        for (Map binding in bindings) {
            List values = [scenario.credentials[binding.credentialsId]].flatten()
            List variables = [binding.variable, binding.usernameVariable, binding.passwordVariable].findAll()
            [variables, values].transpose().each { name, value -> secrets[name] = value }
        }
        return within(secrets, body)
    }

    def do_string(arguments, Closure body) { arguments }

    def do_usernamePassword(arguments, Closure body) { arguments }

    private within(Map variables, Closure body) {
        Map before = new LinkedHashMap(env)
        env.putAll(variables)
        try { return body.call() } finally { env.clear(); env.putAll(before) }
    }

    def do_sh(arguments, Closure body) {
        Map given = arguments instanceof Map ? arguments : [script: arguments]
        File script = File.createTempFile('step', '.sh')
        script.text = given.script
        ProcessBuilder builder = new ProcessBuilder('sh', '-xe', script.path)
        builder.directory(new File(directory)).redirectErrorStream(true)
        builder.environment().clear()
        builder.environment().putAll(env)
        Process process = builder.start()
        String output = process.inputStream.text
        int status = process.waitFor()
        script.delete()
        System.err.print(output)
        if (given.returnStatus) { return status }
        if (status != 0) { throw new PipelineError("script returned exit code ${status}") }
    }

    def do_fileExists(path, Closure body) { file(path).exists() }

    def do_readJSON(arguments, Closure body) {
        // Without returnPojo Jenkins hands out objects whose null is true.
        if (!arguments.returnPojo) { throw new PipelineError('readJSON without returnPojo') }
        new HashMap(new JsonSlurper().parse(file(arguments.file)))
    }

    def do_error(message, Closure body) { throw new PipelineError(message as String) }

    def do_unstable(message, Closure body) { result = 'UNSTABLE' }
}

String requireSerializable(value) {
    new ObjectOutputStream(new ByteArrayOutputStream()).writeObject(value)
}

Map execute(Map scenario, File vars, ClassLoader loader) {
    File workspace = new File(scenario.workspace)
    Map env = new LinkedHashMap(scenario.env + [WORKSPACE: workspace.path])
    Build build = new Build(scenario: scenario, workspace: workspace, env: env, directory: workspace.path)
    Binding names = new Binding([build: build, env: env, params: scenario.params ?: [:], any: 'any', scm: 'scm'])
    CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: PipelineScript.name)
    configuration.addCompilationCustomizers(new ImportCustomizer().addImports('jenkins.Library'))
    GroovyShell shell = new GroovyShell(loader, names, configuration)
    for (File source in vars.listFiles().findAll { it.name.endsWith('.groovy') }) {
        build.library[source.name - '.groovy'] = shell.parse(source)
    }
    def returned = null
    String error = null
    try {
        returned = shell.parse(scenario.script, 'Jenkinsfile').run()
        requireSerializable(returned)
    } catch (PipelineError stopped) {
        build.result = 'FAILURE'
        error = stopped.message
    }
    return [result: build.result, error: error, returned: returned, steps: build.steps]
}

// The annotation with which a pipeline names its libraries.
GroovyClassLoader loader = new GroovyClassLoader(this.class.classLoader)
loader.parseClass('package jenkins\n@interface Library { String[] value() }')
List scenarios = new JsonSlurper().parse(System.in)
print JsonOutput.toJson(scenarios.collect { execute(it, new File(args[0]), loader) })
