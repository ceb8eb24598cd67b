package org.apmae.examples;

import org.apmae.examples.training.TrainTargetCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line. */
@Command(
        name = "apmae",
        mixinStandardHelpOptions = true,
        subcommands = {TrainTargetCommand.class},
        description = "Discovers attention patterns in code language models.")
public final class Apmae {
    private Apmae() {}

    /**
     * Runs a command.
     *
     * @param arguments the command and its options
     */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Apmae()).execute(arguments));
    }
}
