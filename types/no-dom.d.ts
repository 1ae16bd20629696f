// Stands in the place of the browser's types, which a package's own would bring in for all of the project.
export {};
