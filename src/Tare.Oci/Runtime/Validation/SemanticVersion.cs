namespace Tare.Oci.Runtime.Validation;

/// <summary>Versions as semver.org 2.0.0 has them: three numbers, <c>-</c> and what comes before a release, <c>+</c> and a build.</summary>
internal static class SemanticVersion
{
    /// <summary>Reads the first number of a version; false when it is no version.</summary>
    public static bool TryMajor(ReadOnlySpan<char> version, out int major)
    {
        major = 0;
        var plus = version.IndexOf('+');
        if (plus >= 0 && !AreNames(version[(plus + 1)..])) return false;
        if (plus >= 0) version = version[..plus];
        var dash = version.IndexOf('-');
        if (dash >= 0 && !AreNames(version[(dash + 1)..])) return false;
        if (dash >= 0) version = version[..dash];
        var numbers = 0;
        foreach (var part in version.Split('.'))
        {
            var number = version[part];
            if (number.IsEmpty || number.Length > 9 || number.ContainsAnyExceptInRange('0', '9') || number is ['0', _, ..]) return false;
            if (numbers++ == 0) major = int.Parse(number);
        }

        return numbers == 3;
    }

    private static bool AreNames(ReadOnlySpan<char> names)
    {
        foreach (var part in names.Split('.'))
        {
            var name = names[part];
            if (name.IsEmpty) return false;
            foreach (var character in name)
            {
                if (!char.IsAsciiLetterOrDigit(character) && character != '-') return false;
            }
        }

        return true;
    }
}
