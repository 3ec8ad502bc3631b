namespace Tare.Images.Layers;

/// <summary>Short names of layer directories: the row's number in base 36, because mount options are limited to a page.</summary>
internal static class LayerName
{
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";

    internal static string Of(long id)
    {
        Span<char> text = stackalloc char[13];
        var start = text.Length;
        do
        {
            text[--start] = Digits[(int)(id % Digits.Length)];
            id /= Digits.Length;
        }
        while (id > 0);
        return new string(text[start..]);
    }
}
