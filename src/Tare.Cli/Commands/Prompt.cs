namespace Tare.Cli.Commands;

/// <summary>Questions to the user.</summary>
internal static class Prompt
{
    /// <summary>Whether the user answers with y; anything else, and the end of the input, is a no.</summary>
    public static bool Confirm(Session session, string question)
    {
        session.Out.Write($"{question} [y/N] ");
        session.Out.Flush();
        return session.In.ReadLine()?.Trim() is "y" or "Y";
    }
}
