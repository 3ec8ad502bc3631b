using FsCheck;
using FsCheck.Fluent;
using Tare.Distribution.Authentication;

namespace Tare.Distribution.Tests.Authentication;

public sealed class ChallengeParserTests
{
    [Fact]
    public void A_bearer_challenge_is_read()
    {
        var challenge = Assert.Single(Read("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a/b:pull,push\""));
        Assert.Equal("bearer", challenge.Scheme);
        Assert.Equal("https://auth.docker.io/token", challenge["realm"]);
        Assert.Equal("registry.docker.io", challenge["service"]);
        Assert.Equal("repository:a/b:pull,push", challenge["scope"]);
        Assert.Null(challenge["error"]);
    }

    [Theory]
    [InlineData("Basic realm=r", "basic:r")]
    [InlineData("BASIC REALM=\"R\"", "basic:R")]
    [InlineData("Basic", "basic:")]
    [InlineData("Basic realm=\"a\\\"b\\\\c\"", "basic:a\"b\\c")]
    [InlineData("Basic realm = \"r\" , charset=\"UTF-8\"", "basic:r")]
    [InlineData("Bearer realm=\"a\", Basic realm=\"b\"", "bearer:a basic:b")]
    [InlineData("Bearer realm=\"a\",service=s,Basic realm=\"b\"", "bearer:a basic:b")]
    [InlineData("Negotiate, Basic realm=\"b\"", "negotiate: basic:b")]
    [InlineData("Negotiate dG9rZW4=, Basic realm=b", "negotiate: basic:b")]
    [InlineData("Negotiate dG9rZW4, Basic realm=b", "negotiate: basic:b")]
    [InlineData("Bearer realm=https://host/token,service=x", "bearer:https://host/token")]
    [InlineData(", ,Basic realm=r", "basic:r")]
    [InlineData("Bearer realm=\"open", "bearer:")]
    [InlineData("Bearer realm=\"a\" garbage", "bearer:a")]
    [InlineData("", "")]
    [InlineData("=,=", "")]
    public void Schemes_and_realms_are_read(string header, string expected) =>
        Assert.Equal(expected, string.Join(' ', Read(header).Select(challenge => $"{challenge.Scheme}:{challenge["realm"]}")));

    [Fact]
    public void What_is_written_is_read_back() =>
        Prop.ForAll<NonNull<string>, NonNull<string>>((first, second) =>
        {
            static string Quote(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
            var read = Read($"Bearer realm={Quote(first.Get)},service={Quote(second.Get)}, Basic realm={Quote(second.Get)}");
            return read.Count == 2 && read[0]["realm"] == first.Get && read[0]["service"] == second.Get && read[1]["realm"] == second.Get;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Anything_ends_and_stays_small() =>
        Prop.ForAll(Gen.Elements('"', '\\', ',', '=', ' ', '\t', 'a', 'B', '\u00e9', '\0').ListOf().Select(list => new string([.. list])).ToArbitrary(), text =>
        {
            var read = Read(text);
            return read.Count <= 16 && read.All(challenge => challenge.Scheme.Length > 0 && challenge.Scheme.Length <= text.Length);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_flood_of_challenges_is_cut() =>
        Assert.Equal(16, Read(string.Join(", ", Enumerable.Range(0, 5000).Select(i => $"S{i} realm=\"x\""))).Count);

    private static List<Challenge> Read(string header)
    {
        var challenges = new List<Challenge>();
        ChallengeParser.Read(header, challenges);
        return challenges;
    }
}
