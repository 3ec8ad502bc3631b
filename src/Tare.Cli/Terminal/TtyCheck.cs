using Tare.Cli.Commands;

namespace Tare.Cli.Terminal;

/// <summary>A container with a terminal whose input is attached needs a terminal here.</summary>
internal static class TtyCheck
{
    /// <exception cref="CommandException">Standard input is none.</exception>
    public static void Input(bool attached, bool tty)
    {
        if (attached && tty && !Io.Input.IsTerminal) throw new CommandException("the input device is not a TTY");
    }
}
