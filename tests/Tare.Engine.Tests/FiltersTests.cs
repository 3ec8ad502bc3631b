using Tare.Errors;

namespace Tare.Engine.Tests;

public sealed class FiltersTests
{
    [Theory]
    [InlineData("""{"status":["running","paused"]}""")]
    [InlineData("""{"status":{"running":true,"paused":true}}""")]
    public void Both_forms_are_read(string json)
    {
        var filters = Filters.Parse(json);
        Assert.Equal(["running", "paused"], filters.Get("status"));
        Assert.True(filters.Contains("status"));
        Assert.False(filters.Contains("name"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("[]")]
    [InlineData("""{"a":1}""")]
    [InlineData("""{"a":[1]}""")]
    [InlineData("""{"a":{"b":1}}""")]
    public void What_is_no_filter_is_refused(string json) =>
        Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<TareException>(() => Filters.Parse(json)).Kind);

    [Fact]
    public void An_unknown_key_is_refused_by_its_name() =>
        Assert.Equal("invalid filter 'foo'", Assert.Throws<TareException>(() => Filters.Of("foo", "1").Validate("name")).Message);

    [Theory]
    [InlineData("web", "/web-1", true)]
    [InlineData("^/web$", "/web-1", false)]
    [InlineData("[", "/[", false)]
    public void Names_are_regular_expressions(string pattern, string name, bool matches) =>
        Assert.Equal(matches, Filters.Of("name", pattern).Match("name", name));

    [Fact]
    public void All_pairs_must_match()
    {
        var labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "" };
        Assert.True(Filters.Of("label", "a", "b").MatchPairs("label", labels));
        Assert.True(Filters.Of("label", "a=1").MatchPairs("label", labels));
        Assert.False(Filters.Of("label", "a=2").MatchPairs("label", labels));
        Assert.False(Filters.Of("label", "a", "c").MatchPairs("label", labels));
        Assert.False(Filters.Of("label", "a").MatchPairs("label", null));
    }

    [Fact]
    public void A_truth_value_must_be_one()
    {
        Assert.True(Filters.Of("dangling", "1").GetBoolean("dangling", otherwise: false));
        Assert.Equal("invalid filter 'dangling=[x]'", Assert.Throws<TareException>(() => Filters.Of("dangling", "x").GetBoolean("dangling", otherwise: false)).Message);
        Assert.Throws<TareException>(() => Filters.Of("dangling", "true", "false").GetBoolean("dangling", otherwise: false));
    }
}
