using Tare.Distribution.Authentication;

namespace Tare.Distribution.Tests.Authentication;

public sealed class ScopesTests
{
    [Theory]
    [InlineData("repository:a:pull", "repository:a:pull", "repository:a:pull")]
    [InlineData("repository:a:pull,push", "repository:a:pull", "repository:a:pull,push")]
    [InlineData("repository:a:pull", "repository:a:pull,push", "repository:a:pull repository:a:pull,push")]
    [InlineData("repository:a:pull", "repository:b:pull", "repository:a:pull repository:b:pull")]
    [InlineData("repository:a:pull", "", "repository:a:pull")]
    [InlineData("repository:h:5000/a:pull", "repository:h:5000/a:pull", "repository:h:5000/a:pull")]
    public void What_is_asked_for_already_is_not_asked_for_twice(string scope, string more, string expected) =>
        Assert.Equal(expected, string.Join(' ', Scopes.Join([scope], [more])));

    [Fact]
    public void A_registry_cannot_make_the_list_grow_without_end()
    {
        IReadOnlyList<string> scopes = ["repository:a:pull"];
        for (var i = 0; i < 1000; i++) scopes = Scopes.Join(scopes, [$"repository:x{i}:pull"]);
        Assert.Equal(16, scopes.Count);
    }
}
