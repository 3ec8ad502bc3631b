using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Tare.Keeper.Tests")]
