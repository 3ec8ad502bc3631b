using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tare.Client.Tests;

/// <summary>The package's surface is what PublicSurface.txt says. TARE_TEST_UPDATE=1 writes that file anew.</summary>
public sealed class PublicSurfaceTests
{
    [Fact]
    public void Surface_is_the_approved_one()
    {
        var actual = string.Join('\n', typeof(TareClient).Assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(Describe)) + "\n";
        var approved = System.IO.Path.Combine(SourceFolder(), "PublicSurface.txt");
        if (Environment.GetEnvironmentVariable("TARE_TEST_UPDATE") == "1") File.WriteAllText(approved, actual);
        Assert.Equal(File.ReadAllText(approved), actual);
    }

    private static string SourceFolder([CallerFilePath] string file = "") => System.IO.Path.GetDirectoryName(file)!;

    private static IEnumerable<string> Describe(Type type)
    {
        yield return $"{(type.IsEnum ? "enum" : type.IsValueType ? "struct" : "class")} {type.Name}{(type.BaseType is { } parent && parent != typeof(object) && !type.IsEnum && !type.IsValueType ? " : " + parent.Name : "")}";
        var members = type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(member => member is not MethodInfo { IsSpecialName: true } && !member.Name.StartsWith('<') && !IsOfRecord(member))
            .Select(member => "    " + member switch
            {
                MethodInfo method => $"{Name(method.ReturnType)} {method.Name}({string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}"))})",
                PropertyInfo property => $"{Name(property.PropertyType)} {property.Name} {{ get;{(property.SetMethod is { IsPublic: true } ? " set;" : "")} }}",
                ConstructorInfo constructor => $"new({string.Join(", ", constructor.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}"))})",
                FieldInfo { IsLiteral: true } field => $"{field.Name} = {field.GetRawConstantValue()}",
                _ => member.ToString(),
            });
        foreach (var member in members.Order(StringComparer.Ordinal)) yield return member;
    }

    /// <summary>What the compiler writes for every record.</summary>
    private static bool IsOfRecord(MemberInfo member)
        => member.Name is "Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "EqualityContract" or "value__" || member.Name.Contains("Clone", StringComparison.Ordinal);

    private static string Name(Type type)
        => type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : type.Name;
}
