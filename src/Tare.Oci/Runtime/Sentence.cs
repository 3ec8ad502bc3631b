using Tare.Errors;

namespace Tare.Oci.Runtime;

/// <summary>What is said about a document, whose values may be anything.</summary>
internal static class Sentence
{
    // What is shown of a sentence that a value of the document has made long: its beginning and its end.
    private const int Beginning = 600;
    private const int End = 300;

    /// <summary>The error that something is wrong with a document.</summary>
    public static TareException Invalid(string sentence, Exception? inner = null) => TareException.Invalid(Printable(sentence), inner);

    /// <summary>A sentence without what a terminal would obey, and no longer than somebody reads.</summary>
    public static string Printable(string sentence)
    {
        if (sentence.Length > Beginning + End) sentence = $"{sentence.AsSpan(0, Beginning)} … {sentence.AsSpan(sentence.Length - End)}";
        if (!sentence.Any(char.IsControl)) return sentence;
        return string.Create(sentence.Length, sentence, static (printable, sentence) =>
        {
            for (var i = 0; i < printable.Length; i++) printable[i] = char.IsControl(sentence[i]) ? '?' : sentence[i];
        });
    }
}
