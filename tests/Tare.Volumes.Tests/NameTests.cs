using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Tare.Errors;

namespace Tare.Volumes.Tests;

public sealed partial class NameTests
{
    [Fact]
    public void Names_are_as_Dockers_pattern_says() =>
        Prop.ForAll(Gen.Elements("aZ09._-/: é\n".ToCharArray()).ArrayOf().ToArbitrary(), characters =>
        {
            var name = new string(characters);
            var valid = Pattern().IsMatch(name) && name.Length <= 247;
            return VolumeName.IsValid(name) == valid && Passes(name) == valid;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void A_name_fits_into_that_of_a_file()
    {
        VolumeName.Check(new string('a', 247));
        Assert.Throws<TareException>(() => VolumeName.Check(new string('a', 248)));
    }

    private static bool Passes(string name)
    {
        try
        {
            VolumeName.Check(name);
            return true;
        }
        catch (TareException e) when (e.Kind == ErrorKind.InvalidArgument)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]+\z")]
    private static partial Regex Pattern();
}
